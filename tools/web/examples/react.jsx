// SPDX-License-Identifier: MIT
// The player in React 18 and later: a custom element takes attributes; events are bound by a ref.
import { useLayoutEffect, useRef, useState } from 'react';
import 'h4mk/player';

export function Film({ src, verify }) {
  const player = useRef(null);
  const [verdict, setVerdict] = useState(null);
  useLayoutEffect(() => {
    setVerdict(null); // what was said of another film
    const element = player.current;
    const onVerdict = ({ detail }) => setVerdict(detail);
    element.addEventListener('verdict', onVerdict);
    return () => element.removeEventListener('verdict', onVerdict);
  }, [src, verify]);
  return (
    <figure>
      <h4mk-player ref={player} src={src} verify={verify} style={{ width: '100%', aspectRatio: '16 / 9' }} />
      {verdict && <figcaption>{verdict.failed.length ? 'This is not what was signed.' : `Signed by ${verdict.signer.slice(0, 16)}`}</figcaption>}
    </figure>
  );
}
