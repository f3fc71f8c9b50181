// SPDX-License-Identifier: MIT
// The first page: sign in, who am I, sign out.
import { call, element, onSubmit, refuse, say } from './page.js';

let me = null;

function show(body) {
	me = body.kind === 'user' ? body : null;
	element('signed-in').hidden = me === null;
	element('signed-out').hidden = me !== null;
	if (!me) return;
	element('name').textContent = me.user.name;
	element('who').textContent = me.user.email ?? '–';
	element('role').textContent = me.user.role;
}

onSubmit(element('sign-in'), async ({ email, password }) => {
	const answer = await call('POST', '/api/v1/sign-in', { email, password });
	element('password').value = '';
	if (!answer.ok) {
		refuse(answer, element('sign-in'));
		element('password').focus();
		return;
	}
	show(answer.body);
	element('sign-out').focus();
});

element('sign-out').addEventListener('click', async () => {
	const answer = await call('POST', '/api/v1/sign-out', {}, me?.csrf_token);
	if (!answer.ok) return refuse(answer);
	show({ kind: 'nobody' });
	say('You are signed out.', true);
	element('email').focus();
});

const answer = await call('GET', '/api/v1/me');
if (answer.ok) show(answer.body);
else refuse(answer);
